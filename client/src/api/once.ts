import type { Clock } from "./clock";
import { Problem } from "./problem";

/**
 * What a person presses again after a lost answer: the same request goes out with the same nonce, so that
 * nothing is recorded twice. A request about something else, or after a refusal, is a new one.
 */
export class Once {
  private lost: { about: string; nonce: string } | null = null;

  constructor(private readonly clock: Clock) {}

  /** Send; `about` is all that the request says, as a text. Throws what `send` throws. */
  async send<T>(about: string, send: (nonce: string) => Promise<T>): Promise<T> {
    const former = this.lost?.about === about ? this.lost.nonce : null;
    const written = (nonce: string): Promise<T> => {
      this.lost = { about, nonce };
      return send(nonce);
    };
    try {
      const answer = former === null ? await this.clock.withNonce(written) : await written(former);
      this.lost = null;
      return answer;
    } catch (error) {
      if (error instanceof Problem && error.status < 500 && error.status !== 429) this.lost = null;
      throw error;
    }
  }
}
