// The client library: everything that a program that chats needs.

export { ApiError } from "./api.js";
export { Chat } from "./chat.js";
export { isNaming, sortOf } from "./kinds.js";
export { Session } from "./session.js";
