/** Who may log in at a peer, and what a peer logs in with. */

/** Passwords by user name. */
export type Accounts = Readonly<Record<string, string>>;

/** What a client proves itself with. */
export interface Login {
  readonly user: string;
  readonly password: string;
}
