/** Accounts in a database of somebody else's: rows for one user, as its query gives them. */

/** More than one is a query that does not ask for one user. */
export const MOST_ROWS = 2;

/** By the names of the columns. */
export type AccountRow = Readonly<Record<string, unknown>>;

export interface AccountRows {
  /**
   * Carries out the query for one user, and gives {@link MOST_ROWS} rows at most.
   *
   * @param signal ends it, wherever it is.
   * @throws StoreError where the database gives no answer, whatever the reason.
   */
  find(user: string, signal: AbortSignal): Promise<readonly AccountRow[]>;
  /** Lets go of what is open; whoever asks after that is answered all the same. */
  close(): void;
}
