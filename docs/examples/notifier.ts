// Lets others follow a state of ours (RFC 6665 4.2).
import type { Endpoint, Subscriber } from "sipwake";

const json = { contentType: "application/json" };

/** The account has to be made with `events: ["mood"]`. */
export function moods(endpoint: Endpoint, friends: string[]) {
  const followers = new Set<Subscriber>();
  endpoint.on("subscribe_received", async ({ subscriber, fromUri }) => {
    if (!friends.includes(fromUri)) return subscriber.reject(403);
    followers.add(subscriber);
    await subscriber.accept('{"mood":"good"}', json);
  });
  endpoint.on("subscriber_changed", ({ subscriber }) => {
    if (subscriber.state === "terminated") followers.delete(subscriber);
  });
  return {
    tell: (mood: string) => Promise.all([...followers].map((follower) => follower.notify(JSON.stringify({ mood }), json))),
    end: () => Promise.all([...followers].map((follower) => follower.notify(undefined, { terminate: "noresource" }))),
  };
}
