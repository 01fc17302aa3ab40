import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";

/** Of a Worker that has to be there; `consequence` follows "so". */
export function notDeployed(name: string, consequence: string): CommandFailure {
  return new CommandFailure({
    code: "NOT_DEPLOYED",
    message: `There is no Worker ${name} in the account, so ${consequence}.`,
    hint: "Deploy it: durable-streams deploy",
    exitCode: EXIT.notFound,
  });
}
