import type { Hook } from "@oclif/core/hooks";
import { unknownCommand } from "../unknown-command.ts";

/** oclif calls this for a command that does not exist. */
const commandNotFound: Hook.CommandNotFound = ({ id, config }) => {
  const names = config.commands.filter((command) => !command.hidden).map((command) => command.id);
  throw unknownCommand(id, names, config.bin);
};

export default commandNotFound;
