import { ConfigFolder } from "../config/config-folder.ts";
import { loadContexts } from "../config/contexts.ts";
import { credentialsFor } from "../config/credentials.ts";
import type { Target } from "../config/resolve-target.ts";
import type { Offer } from "./offers.ts";

/** The user's folder, only looked at: nothing is narrowed, and nothing said, while somebody types. */
export function quietFolder(): ConfigFolder {
  return new ConfigFolder(() => undefined, process.env, false);
}

export async function contextOffers(folder: ConfigFolder): Promise<readonly Offer[]> {
  const { contexts } = await loadContexts(folder);
  return Object.entries(contexts).map(([word, { url, project }]) => {
    return { word, about: project === undefined ? url : `${project} at ${url}` };
  });
}

/** The servers that contexts lead to. */
export async function serverOffers(folder: ConfigFolder): Promise<readonly Offer[]> {
  const { contexts } = await loadContexts(folder);
  const names = new Map<string, string[]>();
  for (const [name, { url }] of Object.entries(contexts)) names.set(url, [...(names.get(url) ?? []), name]);
  return [...names].map(([word, of]) => ({ word, about: of.join(", ") }));
}

/** The projects of a server that are known here: by a context, or by what is saved for them. */
export async function projectOffers(folder: ConfigFolder, target: Target): Promise<readonly Offer[]> {
  const { contexts } = await loadContexts(folder);
  const { origin } = new URL(target.url);
  const { projects } = await credentialsFor(folder, target.url);
  const ofContexts = Object.values(contexts)
    .filter(({ url }) => URL.canParse(url) && new URL(url).origin === origin)
    .map(({ project }) => project)
    .filter((project) => project !== undefined);
  return [...new Set([...ofContexts, ...Object.keys(projects)])].sort().map((word) => ({ word }));
}
