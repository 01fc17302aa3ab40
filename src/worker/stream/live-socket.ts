/** WebSocket close codes between object and edge (4000-4999 are the application's). */
export const GONE_CLOSE_CODE = 4404;
export const ENDED_CLOSE_CODE = 1000;

/** Closing a socket that is closed already throws, and means nothing more. */
export function closeQuietly(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    return;
  }
}
