import { ClientError } from "./client-error.ts";

/** 500 because a part of the history is missing or damaged where it lies: asking again does not bring it back. */
export class DamagedHistoryError extends ClientError {
  override readonly kind = "damaged";
  override readonly hint = "Whoever runs the server can see with inspect verify which part it is.";
}
