import { allowedHosts, findPort, portInUse } from "./address.ts";
import { LocalServerError } from "./local-server-error.ts";
import { PortTakenError, startRuntime } from "./runtime.ts";
import type { LogEntry, LogHandler } from "./options.ts";
import type { MiniflareModule, Runtime } from "./runtime.ts";
import type { RuntimeConfig } from "./runtime-options.ts";

/** How often a free port is chosen anew when somebody else is quicker to bind it. */
const PORT_ATTEMPTS = 5;

const RUNTIME_REMEDY =
  "workerd needs a 64-bit Linux (glibc 2.35 or newer), macOS 13.5 or newer, or Windows. Reinstall the dependencies if its binary is missing.";

/** Everything about the runtime but its port. */
export type LaunchConfig = Omit<RuntimeConfig, "port"> & {
  /** Guards the server; without one everybody who reaches it may do everything. */
  readonly operatorSecret: string | undefined;
};

/**
 * Starts the runtime on `wantedPort`, or on a free one when that is 0. Also then the port has to be known beforehand,
 * because the Worker checks it in the Host header.
 * @throws LocalServerError when the port is taken or the runtime does not come up.
 */
export async function launch(
  config: LaunchConfig,
  wantedPort: number,
  importing: Promise<MiniflareModule>,
  log: LogHandler,
): Promise<{ runtime: Runtime; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findPort(config.host, wantedPort);
    const vars = { ...webhookVariables(config), ...config.vars, ...accessVariables(config, port) };
    const held = holdBack(log);
    try {
      const runtime = await startRuntime(await importing, { ...config, port, vars }, held.listen);
      held.release();
      return { runtime, port };
    } catch (error) {
      if (error instanceof PortTakenError) {
        if (wantedPort === 0 && attempt < PORT_ATTEMPTS) continue;
        throw await portInUse(config.host, port, error);
      }
      const messages = held.entries.map(({ message }) => message);
      const reason = messages.length > 0 ? messages.join("\n") : String(error);
      throw new LocalServerError("runtime_failed", `The runtime did not start: ${reason}`, RUNTIME_REMEDY, {
        cause: error,
      });
    }
  }
}

/**
 * Whoever reaches a server without authorisation runs it: it listens on loopback only, and checks the name it is called
 * by. The secret goes to the runtime with the rest of its configuration, by a pipe and never by its arguments.
 */
function accessVariables({ host, operatorSecret }: LaunchConfig, port: number): Record<string, string> {
  const names = allowedHosts(host, port);
  return {
    ...(names === undefined ? {} : { ALLOWED_HOSTS: names }),
    ...(operatorSecret === undefined ? { AUTH: "none", OPERATOR_API: "open" } : { OPERATOR_SECRET: operatorSecret }),
  };
}

/** Webhooks may go to this very machine where nobody else reaches the server: whoever does could call it as well. */
function webhookVariables({ host }: LaunchConfig): Record<string, string> {
  return host.reach === "loopback" ? { WEBHOOKS_TO_LOOPBACK: "allow" } : {};
}

interface HeldLog {
  readonly entries: readonly LogEntry[];
  readonly listen: LogHandler;
  /** Passes on what was held, and from now on everything at once. */
  readonly release: () => void;
}

/** What the runtime says while it starts belongs into the error if it fails, and otherwise to the log. */
function holdBack(log: LogHandler): HeldLog {
  const entries: LogEntry[] = [];
  let holding = true;
  return {
    entries,
    listen(entry) {
      if (holding) entries.push(entry);
      else log(entry);
    },
    release() {
      holding = false;
      entries.forEach(log);
    },
  };
}
