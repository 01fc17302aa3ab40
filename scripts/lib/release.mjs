// What a release needs, as functions of texts: the changelog's section, and that tag, version and repository agree.

/** Where `npm version` puts the date. */
const UNRELEASED = /^## \[([^\]]+)\] - Unreleased$/m;

/**
 * The changelog with its unreleased section dated.
 * @param {string} changelog
 * @param {string} version  what is released
 * @param {string} date     as YYYY-MM-DD
 * @throws {Error} when there is no such section, or it is another version's
 */
export function datedChangelog(changelog, version, date) {
  const [heading, announced] = UNRELEASED.exec(changelog) ?? [];
  if (heading === undefined) throw new Error(`CHANGELOG.md has no section \`## [${version}] - Unreleased\``);
  if (announced !== version) {
    throw new Error(`CHANGELOG.md announces ${announced ?? ""}, and ${version} is to be released: change either`);
  }
  return changelog.replace(heading, `## [${version}] - ${date}`);
}

/**
 * What a version's section says; nothing where there is none, or it is not dated.
 * @param {string} changelog
 * @param {string} version
 */
function releaseNotes(changelog, version) {
  const sections = changelog.split(/^(?=## \[)/m);
  const section = sections.find((text) => text.startsWith(`## [${version}] - `));
  const [, notes] = /^## \[[^\]]+\] - \d{4}-\d{2}-\d{2}\n(.*)$/s.exec(section ?? "") ?? [];
  return notes?.trim();
}

/**
 * @typedef {object} Release
 * @property {string | undefined} tag         the tag that is to be published
 * @property {string | undefined} repository  where the workflow runs, as owner/name
 * @property {{ version: string, repository?: string | { url?: string } }} manifest  package.json
 * @property {string} changelog
 */

/**
 * What keeps a release from being published, one sentence each. npm itself refuses a provenance that names another
 * repository than package.json, but only after everything else was done.
 * @param {Release} release
 * @returns {string[]}
 */
export function releaseProblems({ tag, repository, manifest, changelog }) {
  const { version } = manifest;
  const url = typeof manifest.repository === "string" ? manifest.repository : manifest.repository?.url;
  const expected = `git+https://github.com/${repository ?? "OWNER/NAME"}.git`;
  const notes = releaseNotes(changelog, version);
  return [
    ...(tag === `v${version}` ? [] : [`the tag is ${tag ?? "not given"}, and package.json has version ${version}`]),
    ...(notes === undefined
      ? [`CHANGELOG.md has no dated section for ${version}: run \`npm version ${version} --allow-same-version\``]
      : []),
    ...(notes === "" ? [`CHANGELOG.md says nothing about ${version}`] : []),
    ...(url === expected
      ? []
      : [`package.json names ${url ?? "no repository"}: npm pkg set repository.type=git repository.url=${expected}`]),
  ];
}
