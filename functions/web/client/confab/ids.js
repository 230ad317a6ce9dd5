// Names: of messages, of conversations, of storage.

import { bytesOf } from "./text.js";

/** A UUIDv7: the server finds its repeats however late they come. @param {number} [time] @returns {string} */
export function newId(time = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return stamped(hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), time);
}

/** The same UUIDv7, of another time. @param {string} id @param {number} time */
export function stamped(id, time) {
  const text = Math.floor(time).toString(16).padStart(12, "0");
  return `${text.slice(0, 8)}-${text.slice(8)}${id.slice(13)}`;
}

/** When a UUIDv7 was made. @param {string} id */
export const timeOf = (id) => parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** @param {string} text */
export const isUuid = (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** The conversation of two people, whoever of them asks. @param {string} one @param {string} other */
export function direct(one, other) {
  const [first, second] = order(one) <= order(other) ? [one, other] : [other, one];
  return `dm:${encoded(first)}:${encoded(second)}`;
}

/**
 * What a frame says to reach a conversation.
 * @param {string} conversation
 * @param {string} user whose frame it is
 * @returns {{to: string} | {room: string} | {broadcast: true}}
 */
export function addressOf(conversation, user) {
  if (conversation === "lobby") return { broadcast: true };
  const [kind, ...ids] = conversation.split(":");
  if (kind === "room") return { room: ids[0] };
  const [first, second] = ids.map(decoded);
  return { to: first === user ? second : first };
}

/**
 * Whether it is a conversation as the server spells it, and nobody's but theirs if it is of two.
 * @param {string} text
 * @param {string} user
 */
export function isConversationOf(text, user) {
  if (text === "lobby") return true;
  const [kind, ...ids] = text.split(":");
  if (kind === "room") return ids.length === 1 && isUuid(ids[0]);
  try {
    const [one, other] = ids.map(decodeURIComponent);
    return Boolean(one && other) && [one, other].includes(user) && direct(one, other) === text;
  } catch {
    return false;
  }
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} id */
const encoded = (id) =>
  encodeURIComponent(id).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);

/** The server sorts ids by their UTF-8, JavaScript would by UTF-16. @param {string} id */
const order = (id) => hex(bytesOf(id));

/** @param {Uint8Array} bytes */
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
