/** Our addresses that take what comes back: how copies get a sender of their own, and how that is known again. */
import { type ReadVerp, readVerp, type VerpKey, verpSender } from '../mail/verp.ts';
import { type Mailbox, parseMailbox } from '../names/mailbox.ts';
import type { SuppressionRule } from '../store/client-store.ts';

export interface BounceSettings {
  /** Two characters, where nobody names others. */
  readonly delimiters: string;
  /** Every character that may be a delimiter. */
  readonly filter: string;
  /** Senders whose returned mail is read here; each is in a domain of ours. */
  readonly addresses: readonly Mailbox[];
  /** What their copies are tagged with; null: they are not. */
  readonly key: VerpKey | null;
  /** null: nobody is suppressed. */
  readonly suppress: SuppressionRule | null;
}

export const noBounces: BounceSettings = {
  delimiters: '+=',
  filter: '-=+',
  addresses: [],
  key: null,
  suppress: null,
};

export interface BounceAddress {
  /** As it is configured. */
  readonly sender: Mailbox;
  /** What the address says beside it; null: it is that address itself. */
  readonly verp: ReadVerp | null;
}

export interface BounceAddresses {
  /** Whether mail of this sender comes back to us to be read. */
  has(sender: Mailbox): boolean;
  /** @returns undefined where it is none of them. */
  read(mailbox: Mailbox): BounceAddress | undefined;
  /**
   * The sender of one copy. Where a tag has no room the recipient alone is named, and where he has none either it is the
   * sender as it is.
   *
   * @param delimiters two characters.
   */
  senderFor(sender: string, recipient: string, delimiters: string): string;
}

/** @param now milliseconds since 1970. */
export function openBounceAddresses(settings: BounceSettings, now: () => number): BounceAddresses {
  const { addresses, key } = settings;
  const exact = new Map(addresses.map((address) => [address.text.toLowerCase(), address]));
  // Of `owner` and `owner-list` the longer one is meant, as `-` may be a delimiter.
  const longestFirst = addresses.toSorted((a, b) => b.local.length - a.local.length);
  const has = ({ text }: Mailbox): boolean => exact.has(text.toLowerCase());
  return {
    has,
    read(mailbox) {
      if (exact.size === 0) return undefined;
      const own = exact.get(mailbox.text.toLowerCase());
      if (own !== undefined) return { sender: own, verp: null };
      for (const sender of longestFirst) {
        const verp = readVerp(mailbox, sender, now(), settings);
        if (verp !== undefined) return { sender, verp };
      }
      return undefined;
    },
    senderFor(sender, recipient, delimiters) {
      const from = parseMailbox(sender, { utf8: true });
      const to = parseMailbox(recipient, { utf8: true });
      if (from.kind !== 'ok' || to.kind !== 'ok') return sender;
      const tag = key !== null && has(from.value) ? { key, at: now() } : undefined;
      const made =
        verpSender(from.value, to.value, delimiters, tag) ?? verpSender(from.value, to.value, delimiters);
      return made?.text ?? sender;
    },
  };
}
