/** The process's exit codes. Scripts rely on them: a number never changes its meaning. */
export const EXIT = {
  /** The command did what it was asked. */
  done: 0,
  /** It failed, and neither other input nor another try is known to help. */
  failure: 1,
  /** The command line is wrong: an unknown flag, a missing argument or file, a prompt that nobody could answer. */
  usage: 2,
  /** No such stream or project on the server. */
  notFound: 3,
  /** Not authenticated, or not allowed. */
  notAllowed: 4,
  /** The server's state contradicts the request: other configuration, sequence gap, fenced producer. */
  conflict: 5,
  /** The stream is closed. */
  closed: 6,
  /** Network trouble, 429 or 5xx: the same command may well succeed later. */
  retry: 7,
  /** A verification failed or drift was found. */
  verification: 8,
  /** Ended by Ctrl-C, in order. */
  interrupted: 130,
  /** Ended by SIGTERM, in order. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What people are told of each, in the reference and the manual page. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.done]: "Done.",
  [EXIT.failure]: "Failure: neither other input nor another try is known to help.",
  [EXIT.usage]: "Usage, or a local file: an unknown flag, a missing argument, a question that nobody could answer.",
  [EXIT.notFound]: "There is no such stream, project or subscription on the server.",
  [EXIT.notAllowed]: "Not authenticated, or not allowed.",
  [EXIT.conflict]: "What is on the server contradicts the request, or another producer has taken over.",
  [EXIT.closed]: "The stream is closed.",
  [EXIT.retry]: "Worth retrying: the network, 429 or 5xx.",
  [EXIT.verification]: "A verification failed, or drift was found.",
  [EXIT.interrupted]: "Interrupted by Ctrl-C, in order.",
  [EXIT.terminated]: "Terminated by SIGTERM, in order.",
};
