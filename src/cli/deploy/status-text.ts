import { visibleLine } from "../../client/visible-text.ts";
import { linesOf } from "../table.ts";
import type { Status } from "./status.ts";

const HASH_DIGITS = 12;

/** The status for people: what is there beside what is here, and then what is not in order. */
export function statusText({ findings, deployed, ...status }: Status): string {
  const { name, url, account, version, sha256 } = status;
  const facts = linesOf([
    ["Worker", name],
    ["URL", url],
    ["account", `${account.name} (${account.id})`],
    ["here", `${version}, sha256 ${sha256.slice(0, HASH_DIGITS)}`],
    ["deployed", deployedText(deployed)],
    ["answers in", deployed === undefined ? undefined : (deployed.answersIn ?? "nothing")],
    ["auth", deployed?.auth],
  ]);
  const lines = findings.map(({ message, mend }) => `  ${visibleLine(message)}\n    ${mend}\n`);
  return findings.length === 0
    ? `${facts}Everything is in order.\n`
    : `${facts}\nNot in order, each with what mends it:\n${lines.join("")}`;
}

function deployedText(deployed: Status["deployed"]): string {
  if (deployed === undefined) return "nothing";
  const { release, versionNumber, versionId, deployedOn } = deployed;
  const what =
    release === undefined
      ? "not uploaded by deploy"
      : `${release.version}, sha256 ${release.sha256.slice(0, HASH_DIGITS)}`;
  const number = versionNumber === undefined ? "" : ` ${String(versionNumber)}`;
  return `${what}; version${number} ${versionId}${deployedOn === undefined ? "" : `, ${deployedOn}`}`;
}
