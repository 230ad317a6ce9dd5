// The library is what its declarations say; only the compiler reads this.

import type * as declared from "../../../functions/web/client/confab/index.js";
import type { ApiError } from "../../../functions/web/client/confab/api.js";
import type { isNaming as naming, sortOf as sorting } from "../../../functions/web/client/confab/kinds.js";
import type { Chat } from "../../../functions/web/client/confab/chat.js";
import type { Session } from "../../../functions/web/client/confab/session.js";

/** Listeners are declared more narrowly than any `EventTarget` has them. */
type Listening = "addEventListener" | "removeEventListener";

export const classes = (chat: Chat, session: Session, error: ApiError) => {
  const made: [Omit<declared.Chat, Listening>, declared.Session, declared.ApiError] = [chat, session, error];
  return made;
};

export const makes = (
  chat: typeof Chat,
  { register, login, restore }: typeof Session,
): [
  new (options: declared.ChatOptions) => Omit<declared.Chat, Listening>,
  Omit<typeof declared.Session, "prototype">,
] => [chat, { register, login, restore }];

export const listens = (chat: declared.Chat): void =>
  chat.addEventListener("message", ({ detail }) => inWords(detail).toUpperCase());

export const lives = async (chat: declared.Chat): Promise<declared.Ack> => {
  chat.addEventListener("changed", ({ detail }) => detail.reactions?.map(({ key, count }) => `${key} ${count}`));
  const { conversation, seq } = await chat.send({ to: "bob" }, "hello", { replyTo: 3, mentions: ["bob"] }).sent;
  chat.edit(conversation, seq, { content: "hello, bob", data: null });
  await chat.react(conversation, seq, "👍").sent;
  await chat.pin(conversation, seq).sent;
  (await chat.pins(conversation)).map(({ pinned_by }) => pinned_by);
  return chat.remove(conversation, seq).sent;
};

export const decides = async (chat: declared.Chat): Promise<number> => {
  chat.addEventListener("settings", ({ detail }) => detail.settings.draft?.length);
  const [first] = await chat.conversations({ unread: true, recent: true });
  const { muted } = await chat.changeSettings(first.conversation, { muted: "mentions", muted_until: null });
  const { pinned } = chat.settings(first.conversation) ?? (await chat.askSettings(first.conversation));
  await chat.markUnread(first.conversation, first.read_seq);
  const readers = await chat.readers(first.conversation, first.last_message?.seq);
  return muted === null && pinned ? 0 : readers.filter(({ read_seq }) => read_seq > 0).length;
};

/** Kinds are told apart by the compiler, too. */
function inWords(message: declared.Message): string {
  if (message.kind === "message") return message.content;
  if (message.kind === "joined") return message.from;
  if (message.kind === "left") return message.reason ?? message.from;
  if (message.kind === "members") return `${message.joined} joined, ${message.left} left`;
  return message.kind === "appointed" ? `${message.about} ${message.role}` : message.about;
}

export const sorts = (
  sortOf: typeof sorting,
  isNaming: typeof naming,
): [typeof declared.sortOf, typeof declared.isNaming] => [sortOf, isNaming];
