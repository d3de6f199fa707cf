/** Reads the files in which accounts are: the hash of one, or many of them, one a line. */
import type { Parsed } from '../../names/domain.ts';
import { parseMailbox } from '../../names/mailbox.ts';
import { type Account, type AccountRights, anyRights } from '../../relay/accounts.ts';
import { type PasswordHash, parsePasswordHash } from '../../relay/password.ts';
import { anySender } from '../../relay/senders.ts';
import { parseStoredPassword } from '../../relay/stored-password.ts';
import type { AccountConfig, AccountsConfig, Config } from './config.ts';
import type { Findings } from './files.ts';
import { ofUser } from './schema/account.ts';
import { readLine, readText } from './text-file.ts';
import { parseUser } from './values.ts';

/** For so long whoever writes a database may hold it. */
const BUSY_MS = 200;

/** @returns undefined where its file is wrong, which is on `findings` then. */
export async function readAccount(
  { hash, ...account }: AccountConfig,
  path: string,
  findings: Pick<Findings, 'take'>,
): Promise<Account | undefined> {
  if (hash === null) return { ...account, secret: null };
  if (hash.kind === 'here') return { ...account, secret: hash.value };
  const line = await readLine(hash.path);
  const parsed = line.kind === 'ok' ? parsePasswordHash(line.value) : line;
  if (parsed.kind === 'ok') return { ...account, secret: parsed.value };
  const because = ofUser(account.user, `${hash.path}: ${parsed.because}`);
  return findings.take(path, { kind: 'invalid', because });
}

/**
 * Reads the accounts of a file; a line that begins with # is a comment.
 *
 * @param known users that stand in the configuration: none of them may stand here, too.
 */
export async function readAccountsFile(
  config: AccountsConfig,
  known: ReadonlySet<string>,
): Promise<Parsed<readonly Account[]>> {
  const { file } = config;
  const text = await readText(file);
  if (text.kind === 'invalid') return { kind: 'invalid', because: `${file}: ${text.because}` };
  const accounts = new Map<string, Account>();
  for (const [index, line] of text.value.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const account = accountIn(line, config);
    const taken =
      account.kind === 'ok' && (accounts.has(account.value.user) || known.has(account.value.user));
    if (account.kind === 'invalid' || taken) {
      const because = account.kind === 'invalid' ? account.because : 'there is such a user already';
      return { kind: 'invalid', because: `${file}:${index + 1}: ${because}` };
    }
    accounts.set(account.value.user, account.value);
  }
  return accounts.size === 0
    ? { kind: 'invalid', because: `${file} holds no account` }
    : { kind: 'ok', value: [...accounts.values()] };
}

/** `user:hash`, and what Dovecot's passwd-file has behind that, which is for Dovecot. */
function accountIn(line: string, config: AccountsConfig): Parsed<Account> {
  const colon = line.indexOf(':');
  if (colon === -1) return invalid('there is no colon between a user and a hash');
  const user = parseUser(line.slice(0, colon));
  if (user.kind === 'invalid') return user;
  const secret = hashIn(line.slice(colon + 1));
  if (secret.kind === 'invalid') return invalid(ofUser(user.value, secret.because));
  const rights = rightsOf(user.value, config);
  if (rights.kind === 'invalid') return rights;
  return {
    kind: 'ok',
    value: { user: user.value, secret: secret.value, certificates: [], rights: rights.value },
  };
}

function hashIn(text: string): Parsed<PasswordHash> {
  // Our own form of a SCRAM verifier has colons in it.
  const [field = ''] = text.startsWith('SCRAM-SHA-256$') ? [text] : text.split(':', 1);
  return parseStoredPassword(field);
}

function rightsOf(user: string, { ownAddressOnly, quota }: AccountsConfig): Parsed<AccountRights> {
  if (!ownAddressOnly) return { kind: 'ok', value: { ...anyRights, quota } };
  const mailbox = parseMailbox(user, { utf8: true });
  if (mailbox.kind === 'invalid')
    return invalid(`with own_address_only a user has to be an address: ${mailbox.because}`);
  const senders = [{ kind: 'mailbox', mailbox: mailbox.value } as const];
  return { kind: 'ok', value: { ...anyRights, sender: { ...anySender, senders }, quota } };
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}

/**
 * Asks a file of SQLite about nobody. A server is not asked: whoever checks a configuration may have no way to it.
 *
 * Such a file may be on its way still, so this is no error.
 */
export async function warnAboutDatabase({
  accountDatabase,
}: Pick<Config, 'accountDatabase'>): Promise<readonly string[]> {
  if (accountDatabase?.place.kind !== 'sqlite') return [];
  const { place, query } = accountDatabase;
  const { sqliteAccounts } = await import('../../store/sqlite-accounts.ts');
  try {
    await sqliteAccounts({ path: place.path, query }).find('', AbortSignal.timeout(BUSY_MS));
    return [];
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return [
      `account_database.query: ${because}; until that is mended, logins of its users are put off (454)`,
    ];
  }
}
