/** The shells that have a completion script. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

export function isShell(name: string | undefined): name is Shell {
  return SHELLS.some((shell) => shell === name);
}

/** The first word of a command line that asks what to offer. It is for the scripts, and for nobody's fingers. */
export const ASKING_WORD = "__complete";
