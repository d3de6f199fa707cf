/** From a row of a database to the account that it means. Nothing is guessed: a row that says something else means none. */
import type { Parsed } from '../names/domain.ts';
import { parseMailbox } from '../names/mailbox.ts';
import type { MailboxPattern } from '../policies/overrides/rule.ts';
import type { AccountRow } from '../store/account-rows.ts';
import type { Account, AccountRights } from './accounts.ts';
import type { Quota } from './quotas.ts';
import type { SenderRights } from './senders.ts';
import { parseStoredPassword } from './stored-password.ts';

/** How rows are read, and what holds where one does not say it. */
export interface RowRules {
  readonly rights: AccountRights;
  /** Whether an account without `senders` may send as nobody but itself: its user has to be an address then. */
  readonly ownAddressOnly: boolean;
  readonly parseSender: (text: string) => Parsed<MailboxPattern>;
}

export interface StoredAccount {
  readonly account: Account;
  /** Whether it may log in. */
  readonly active: boolean;
}

/** What a query may give; another name is a mistake in it, and one in `active` would let everybody in. */
const COLUMNS: ReadonlySet<string> = new Set([
  'password_hash',
  'active',
  'senders',
  'null_sender',
  'check_header_from',
  'tell_outcome',
  'verp',
  'messages_per_hour',
  'messages_per_day',
  'recipients_per_hour',
  'recipients_per_day',
]);
/** As many as a quota may count. */
const MANY = 1_000_000_000;
const MOST_SENDERS = 1_000;

/** @returns `invalid` without a word about the values: one of them may be a password in clear. */
export function accountOf(user: string, row: AccountRow, rules: RowRules): Parsed<StoredAccount> {
  const faults: string[] = [];
  const read = reader(row, (because) => void faults.push(because));
  for (const name of Object.keys(row))
    if (!COLUMNS.has(name)) faults.push(`there is no use for its column ${name}`);
  const secret = parseStoredPassword(read.text('password_hash') ?? '');
  if (secret.kind === 'invalid') faults.push(`its password_hash: ${secret.because}`);
  const verp = read.flag('verp');
  const rights: AccountRights = {
    ...(verp === true ? { verp } : {}),
    sender: senderOf(user, read, rules),
    quota: quotaOf(read, rules.rights.quota),
    tellOutcome: read.flag('tell_outcome') ?? rules.rights.tellOutcome,
  };
  // NULL does not say that it is active.
  const active = 'active' in row ? read.flag('active') === true : true;
  const [because] = faults;
  if (because !== undefined || secret.kind === 'invalid')
    return { kind: 'invalid', because: because ?? 'its password_hash cannot be read' };
  return { kind: 'ok', value: { account: { user, secret: secret.value, certificates: [], rights }, active } };
}

/** Reads columns; null where one says nothing, or what it says is no such thing, which is a fault. */
interface Reader {
  text(name: string): string | null;
  flag(name: string): boolean | null;
  count(name: string): number | null;
  texts(name: string): readonly string[] | null;
  fault(because: string): null;
}

function reader(row: AccountRow, onFault: (because: string) => void): Reader {
  const at = (name: string): unknown => row[name] ?? null;
  const fault = (because: string): null => {
    onFault(because);
    return null;
  };
  return {
    fault,
    text(name) {
      const value = at(name);
      return value === null || typeof value === 'string' ? value : fault(`its column ${name} is no text`);
    },
    flag(name) {
      const value = at(name);
      if (value === null || typeof value === 'boolean') return value;
      if (value === 0 || value === 1) return value === 1;
      return fault(`its column ${name} is neither true nor false, nor 1 nor 0`);
    },
    count(name) {
      const value = at(name);
      if (value === null) return null;
      // PostgreSQL's bigint comes as digits.
      const number = typeof value === 'string' && /^[0-9]{1,10}$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= MANY)
        return number;
      return fault(`its column ${name} is no whole number from 1 to ${MANY}`);
    },
    texts(name) {
      const value = at(name);
      if (value === null) return null;
      if (typeof value === 'string') return value.split(/[\s,]+/).filter((text) => text !== '');
      if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string'))
        return value;
      return fault(`its column ${name} is neither text nor an array of texts`);
    },
  };
}

function senderOf(
  user: string,
  read: Reader,
  { rights, ownAddressOnly, parseSender }: RowRules,
): SenderRights {
  const texts = read.texts('senders');
  if (texts !== null && texts.length > MOST_SENDERS)
    read.fault(`its column senders names more than ${MOST_SENDERS} addresses`);
  const named = texts?.slice(0, MOST_SENDERS).flatMap((text) => {
    const pattern = parseSender(text);
    return pattern.kind === 'ok'
      ? [pattern.value]
      : (read.fault(`its column senders: ${pattern.because}`) ?? []);
  });
  const senders = named ?? (ownAddressOnly ? ownAddress(user, read) : rights.sender.senders);
  const header = read.flag('check_header_from') ?? rights.sender.header;
  if (header && senders === null)
    read.fault('its check_header_from needs senders: without them every address may stand there');
  return { senders, nullSender: read.flag('null_sender') ?? rights.sender.nullSender, header };
}

function ownAddress(user: string, read: Reader): readonly MailboxPattern[] {
  const mailbox = parseMailbox(user, { utf8: true });
  if (mailbox.kind === 'ok') return [{ kind: 'mailbox', mailbox: mailbox.value }];
  read.fault(`with own_address_only its user has to be an address: ${mailbox.because}`);
  return [];
}

function quotaOf(read: Reader, quota: Quota): Quota {
  return {
    messagesPerHour: read.count('messages_per_hour') ?? quota.messagesPerHour,
    messagesPerDay: read.count('messages_per_day') ?? quota.messagesPerDay,
    recipientsPerHour: read.count('recipients_per_hour') ?? quota.recipientsPerHour,
    recipientsPerDay: read.count('recipients_per_day') ?? quota.recipientsPerDay,
  };
}
