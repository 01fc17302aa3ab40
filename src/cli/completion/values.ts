import { resolveTarget } from "../config/resolve-target.ts";
import type { Wish } from "../config/directory-file.ts";
import { contextOffers, projectOffers, quietFolder, serverOffers } from "./local-values.ts";
import type { Offer } from "./offers.ts";
import type { TypedLine } from "./typed-line.ts";
import type { ValueKind } from "./value-kinds.ts";

/** The values of a kind that begin with what is typed; those of a server only where it answers at once. */
export async function valueOffers(kind: ValueKind, typed: string, line: TypedLine): Promise<readonly Offer[]> {
  switch (kind.from) {
    case "fixed":
      return kind.values.map((word) => ({ word }));
    case "contexts":
      return contextOffers(quietFolder());
    case "servers":
      return serverOffers(quietFolder());
    case "projects":
    case "streams":
    case "subscriptions":
      return targetOffers(kind.from, typed, line);
    case "files":
    case "folders":
    case "nowhere":
      // The shell knows its files itself.
      return [];
  }
}

async function targetOffers(
  from: "projects" | "streams" | "subscriptions",
  typed: string,
  { flags }: TypedLine,
): Promise<readonly Offer[]> {
  const folder = quietFolder();
  const target = await resolveTarget({
    flags: { url: flags.get("url"), project: flags.get("project"), context: flags.get("context") },
    environment: wishOfEnvironment(),
    directory: process.cwd(),
    folder,
  });
  if (from === "projects") return projectOffers(folder, target);
  // Only now: loading what speaks HTTP takes longer than all the rest.
  const { streamOffers, subscriptionOffers } = await import("./server-values.ts");
  const server = { target, folder, token: flags.get("token") };
  return from === "streams" ? streamOffers(server, typed) : subscriptionOffers(server);
}

function wishOfEnvironment(): Wish {
  const said = (name: string): string | undefined => {
    const value = process.env[`DURABLE_STREAMS_${name}`];
    return value === "" ? undefined : value;
  };
  return { url: said("URL"), project: said("PROJECT"), context: said("CONTEXT") };
}
