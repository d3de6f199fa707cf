/** The accounts as one session sees them: what it was told of its own holds for as long as it lasts. */
import type { AccountRights, Accounts } from './accounts.ts';

/**
 * An account of the directory is known to the session that has asked about it, and to nobody else: so what is known is as
 * much as there are sessions, and a session ends with the rights with which it began.
 */
export function accountsOfSession(accounts: Accounts): Accounts {
  let own: { readonly user: string; readonly rights: AccountRights } | undefined;
  const note = (user: string, rights: AccountRights | null): void => {
    own = rights === null ? undefined : { user, rights };
  };
  return {
    ...accounts,
    rightsOf: (user) => accounts.rightsOf(user) ?? (own?.user === user ? own.rights : undefined),
    async check(user, password) {
      const verdict = await accounts.check(user, password);
      note(user, verdict.kind === 'yes' ? verdict.rights : null);
      return verdict;
    },
    async verifier(user) {
      const verifier = await accounts.verifier(user);
      note(user, verifier.kind === 'verifier' ? verifier.rights : null);
      return verifier;
    },
    async look(user) {
      const rights = await accounts.look(user);
      note(user, typeof rights === 'string' ? null : rights);
      return rights;
    },
  };
}
