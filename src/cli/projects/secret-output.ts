import { boolean } from "@oclif/core/flags";
import { CommandFailure } from "../command-failure.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { KEEP_NOTHING, keepInCredentials, type SecretKeeper } from "./kept-secret.ts";

/** What becomes of a secret on this machine. */
export const KEEPING_FLAGS = {
  "print-secret": boolean({ summary: "Print the signing secret on stdout, and nothing else there." }),
  "no-save": boolean({ summary: "Do not save the signing secret; one that is made is printed instead." }),
};

interface KeepingFlags {
  readonly "print-secret": boolean;
  readonly "no-save": boolean;
}

/** Where the flags want the secret kept. A folder that cannot be written is told before anything is sent. */
export function keeperFor(flags: KeepingFlags, folder: ConfigFolder, server: string, project: string): SecretKeeper {
  if (flags["no-save"]) return KEEP_NOTHING;
  const keeper = keepInCredentials(folder, server, project);
  return {
    ...keeper,
    prepare: async (given) => {
      try {
        return await keeper.prepare(given);
      } catch (error) {
        throw error instanceof CommandFailure ? unsaved(error) : error;
      }
    },
  };
}

function unsaved({ code, message, exitCode }: CommandFailure): CommandFailure {
  return new CommandFailure({
    code,
    message: `The signing secret cannot be saved, so nothing was sent. ${message}`,
    hint: "Choose another folder with DURABLE_STREAMS_CONFIG_DIR, or have the secret printed instead with --no-save.",
    exitCode,
  });
}

/** Whether the secret belongs on stdout: asked for, or made here and kept nowhere else. */
export function isShown(flags: KeepingFlags, given: string | undefined): boolean {
  return flags["print-secret"] || (flags["no-save"] && given === undefined);
}
