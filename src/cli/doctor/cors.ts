import { ProjectsClient, type ProjectFacts } from "../../client/projects.ts";
import type { Transport } from "../../client/transport.ts";
import { allowedOrigin } from "../../protocol/project.ts";
import { operatorToken } from "../deploy/deployed-server.ts";
import { type Check, failed, type Finding, needs, ok, SkippedCheck } from "./check.ts";
import { NO_HEALTH } from "./server.ts";
import { newTransport, type Site } from "./site.ts";

/** A page that nobody has listed, and what stands for every page. */
const ANY_PAGE = "https://page.example";
/** More are not asked for: each is a request. */
const PREFLIGHTS_MAX = 20;

/** Whether browsers are told what the projects' settings say. */
export function corsCheck(site: Site): Check {
  return { name: "cors", look: () => cors(site) };
}

interface Asked {
  readonly project: string;
  readonly origin: string;
  /** What is to be answered for the origin. */
  readonly allowed: string | undefined;
}

async function cors(site: Site): Promise<Finding> {
  const server = await needs(site.server(), "It is not known which server is meant.");
  const { url } = server;
  await needs(site.health(url), NO_HEALTH);
  const { value: secret } = await needs(site.operatorSecret(server), "The operator secret cannot be used.");
  if (secret === undefined) {
    throw new SkippedCheck("Which pages may use a project only operators are told, and no operator secret is held.");
  }
  const transport = newTransport(site.options, await operatorToken(secret, url));
  try {
    const asked = await needs(preflightsOf(transport, url), "The projects could not be listed.");
    return await judge(site, url, asked);
  } finally {
    await transport.close();
  }
}

/** Every listed origin, and for each project one that is not. */
async function preflightsOf(transport: Transport, url: string): Promise<readonly Asked[]> {
  const asked: Asked[] = [];
  for await (const project of new ProjectsClient(transport, url, { giveUpAfterMs: 0 }).list()) {
    asked.push(...ofProject(project));
    if (asked.length >= PREFLIGHTS_MAX) break;
  }
  return asked.slice(0, PREFLIGHTS_MAX);
}

function ofProject({ name, corsOrigins }: ProjectFacts): readonly Asked[] {
  const origins = [ANY_PAGE, ...corsOrigins.filter((origin) => origin !== "*")];
  return origins.map((origin) => ({ project: name, origin, allowed: allowedOrigin(corsOrigins, origin) }));
}

async function judge(site: Site, url: string, asked: readonly Asked[]): Promise<Finding> {
  if (asked.length === 0) throw new SkippedCheck("There is no project yet.", site.options.call("create-project NAME"));
  const answers = await Promise.all(asked.map(async (each) => problemOf(each, await preflight(site, url, each))));
  const problems = answers.filter((problem) => problem !== undefined);
  const names = [...new Set(asked.map(({ project }) => project))].join(", ");
  if (problems.length === 0) return ok(`Preflights are answered as the settings say, for ${names}.`);
  const mend = "A change of settings takes half a minute; else compare";
  return failed(problems.join(" "), `${mend}: ${site.options.call(`projects show ${asked[0]?.project ?? "NAME"}`)}`);
}

/** What a browser asks before it sends an append with a token. */
async function preflight(site: Site, url: string, { project, origin }: Asked) {
  const headers = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
  };
  const stream = new URL(`/v1/${project}/stream/doctor`, url).href;
  const { signal } = site.options;
  const answer = await site.transport.send({ method: "OPTIONS", url: stream, headers, signal });
  await answer.dump();
  const listed = (answer.header("access-control-allow-headers") ?? "").toLowerCase().split(/\s*,\s*/);
  return {
    status: answer.status,
    allowed: answer.header("access-control-allow-origin"),
    takesTokens: listed.includes("authorization") && listed.includes("content-type"),
  };
}

function problemOf(
  { project, origin, allowed }: Asked,
  answer: Awaited<ReturnType<typeof preflight>>,
): string | undefined {
  const about = `A preflight for ${project} from ${origin} is answered`;
  if (answer.status >= 300) return `${about} with the status ${String(answer.status)}.`;
  const said = answer.allowed ?? "nobody";
  const wanted = allowed ?? "nobody";
  if (said !== wanted) return `${about} for ${said}, and the settings allow ${wanted}.`;
  if (allowed !== undefined && !answer.takesTokens) return `${about} without the headers that tokens and data need.`;
  return undefined;
}
