/** A screen as the API answers it, with one state for all evidence. */
export function screenOf(state: string, changes: object): object {
  const answer = { state, text: state, stale: false, fetched_at: null, observed_at: null };
  return {
    ...{ scan_id: "S1", reasons: [], next_steps: [], scanned_at: "2022-04-24T08:00:00.000Z", temperature: null, demo: null },
    ...{ venue: { name: "文化馆", region_name: "信宜市", type_name: "文化" }, checkpoint: null, person: { name: "李**", phone: null }, means: "own" },
    ...{ health_code: answer, nucleic_acid: answer, vaccination: answer, travel_card: answer },
    ...{ poll_after_ms: null, answer_by: null, ...changes },
  };
}
