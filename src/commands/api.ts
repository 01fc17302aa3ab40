import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { collectAnswer, exitCodeOf, printAnswer } from "../cli/api/answer-output.ts";
import { guessContentType, parseHeaders, parseMethod } from "../cli/api/request-parts.ts";
import { requestUrl } from "../cli/api/request-url.ts";
import { usageFailure } from "../cli/command-failure.ts";
import { requireFileName } from "../cli/file-error.ts";
import { openDataOutput } from "../cli/reading/data-output.ts";
import { ServerCommand } from "../cli/server-command.ts";

export default class Api extends ServerCommand {
  static override summary = "Send one request, with the credentials of other commands, and print the answer.";

  static override description = `PATH is a stream's name, a path of the server when it begins with a slash, __ds/... for the control APIs of the project, or a whole URL; a query may follow.
The answer's body goes to stdout as it arrives, whatever its status; the exit code tells the status: 0 below 400, 3 for 404 and 410, 4 for 401 and 403, 5 for 409 (6 for a closed stream), 7 for 429 and 5xx, 1 for the rest. With --json the answer is one object: {"status","headers","body"}, or "base64" for a body that is not text.
The request is sent once. A body without a Content-Type header gets application/json if it is JSON, else application/octet-stream.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> HEAD orders --include",
    "<%= config.bin %> <%= command.id %> GET 'orders?offset=now'",
    `<%= config.bin %> <%= command.id %> POST orders '{"id":1}'`,
    "<%= config.bin %> <%= command.id %> GET /v1/health",
  ];

  static override args = {
    method: stringArg({
      required: true,
      ignoreStdin: true,
      description: "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS.",
    }),
    path: stringArg({
      required: true,
      ignoreStdin: true,
      description: "Where to: a stream's name, /a/path, or a URL.",
    }),
    data: stringArg({ ignoreStdin: true, description: "The body (default: none)." }),
  };

  static override flags = {
    header: string({
      char: "H",
      summary: 'A header to send, like "Stream-TTL: 3600".',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "LINE",
    }),
    file: string({ summary: "Send the content of a file; - is stdin.", helpValue: "FILE" }),
    include: boolean({ char: "i", summary: "Print the status and the headers before the body.", exclusive: ["json"] }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Api);
    const method = parseMethod(args.method);
    const headers = parseHeaders(flags.header ?? []);
    const url = requestUrl(flags, args.path);
    requireFileName(flags.file, "--file");
    if (args.data !== undefined && flags.file !== undefined) {
      throw usageFailure("The body is given twice: as an argument and by --file.", "Leave out one of them.");
    }
    const client = await this.connect(flags, flags.file === "-");
    const body = await bodyOf(args.data, flags.file);
    if (body !== undefined && headers["content-type"] === undefined) headers["content-type"] = guessContentType(body);
    const answer = await client.send({ method, url, headers, body, signal: this.interruptSignal() });
    process.exitCode = exitCodeOf(answer);
    if (flags.json) return collectAnswer(answer);
    await printAnswer(answer, openDataOutput(), flags.include);
    return undefined;
  }
}

async function bodyOf(data: string | undefined, file: string | undefined): Promise<Uint8Array | undefined> {
  if (data !== undefined) return Buffer.from(data);
  if (file === undefined) return undefined;
  return file === "-" ? buffer(process.stdin) : readFile(file);
}
