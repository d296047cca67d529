import { http } from "@/api";
import type { Answer, Body, GetPath, Options, PostPath } from "@/api/http";

type TopicOf<P> = P extends `/v1/me/dependants/{dependant_id}/${infer T}` ? T : never;
/** What of oneself and of a dependant can be read by the same route: `visits`, `pass/paper`. */
export type GetTopic = TopicOf<GetPath>;
export type PostTopic = TopicOf<PostPath> & TopicOfMe<PostPath>;
type TopicOfMe<P> = P extends `/v1/me/${infer T}` ? T : never;

/** Read a topic of a dependant, or of oneself if the id is empty. */
export function getOf<T extends GetTopic>(dependantId: string, topic: T, query: Options["query"] = {}): Promise<Answer<`/v1/me/${T}`, "get">> {
  if (dependantId === "") return http.get(`/v1/me/${topic}` as GetPath, { query }) as never;
  const path = `/v1/me/dependants/{dependant_id}/${topic}` as GetPath;
  return http.get(path, { query, path: { dependant_id: dependantId } }) as never;
}

/** Write a topic of a dependant, or of oneself if the id is empty. */
export function postOf<T extends PostTopic>(
  dependantId: string,
  topic: T,
  body: Body<`/v1/me/${T}`>,
  options: Options = {},
): Promise<Answer<`/v1/me/${T}`, "post">> {
  if (dependantId === "") return http.post(`/v1/me/${topic}` as PostPath, body as never, options) as never;
  const path = `/v1/me/dependants/{dependant_id}/${topic}` as PostPath;
  return http.post(path, body as never, { ...options, path: { dependant_id: dependantId } }) as never;
}
