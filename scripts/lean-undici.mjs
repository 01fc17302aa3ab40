// What the CLI's bundle gets for "undici": the agent and its request method, without fetch, WebSocket and caches, which
// are half of the package's code and cost every command about 30 ms at its start. These are undici's own files, so the
// version is pinned and every test of the built CLI stands behind this.
import request from "undici/lib/api/api-request.js";
import Agent from "undici/lib/dispatcher/agent.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";

Dispatcher.prototype.request = request;

export { Agent };
