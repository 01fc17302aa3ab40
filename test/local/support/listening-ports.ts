import { readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";

const LISTENING = "0A";

/** The TCP ports on which a process listens, as the Linux kernel has them: proc_pid_fd(5) and proc_pid_net(5). */
export async function listeningPorts(pid: number): Promise<number[]> {
  const fds = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(fds)).map((fd) => readlink(path.join(fds, fd)).catch(() => "")));
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8")));
  return tables
    .flatMap((table) => table.trim().split("\n").slice(1))
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns[3] === LISTENING && inodes.has(columns[9]))
    .map((columns) => Number.parseInt(columns[1]?.split(":")[1] ?? "", 16));
}
