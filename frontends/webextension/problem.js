/** What was refused, in words for people; `confirmable` where a person may say yes all the same. */
export class Problem extends Error {
  constructor(message, { status = 0, code = "", confirmable = false } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.confirmable = confirmable;
  }
}
