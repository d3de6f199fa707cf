/** How many connections one host has, whoever the mail is for: hosts of providers serve thousands of domains. */

export interface HostPlaces {
  /**
   * Takes a place at once, or waits in line for a while.
   *
   * @param host its address and port. @returns whether there is one; it is left by {@link HostPlaces.leave}.
   */
  take(host: string, limit: number): Promise<boolean>;
  /** Whether whoever comes has to wait. */
  isFull(host: string, limit: number): boolean;
  /** Whether somebody waits: what is idle at this host is in his way. */
  isWanted(host: string): boolean;
  /** Whoever waits longest has the place then. */
  leave(host: string): void;
  /** Sends away who waits. */
  close(): void;
}

/** Who waits holds an attempt that another destination could have; the others are told to come back later. */
const LONGEST_LINE = 5;

interface Host {
  taken: number;
  /** The first has waited longest. */
  readonly line: ((isThere: boolean) => void)[];
}

/** @param patienceMs so long nobody waits in vain. */
export function openHostPlaces(patienceMs: number): HostPlaces {
  const hosts = new Map<string, Host>();

  function waitAt({ line }: Host): Promise<boolean> {
    return new Promise((resolve) => {
      const answer = (isThere: boolean): void => {
        clearTimeout(timer);
        resolve(isThere);
      };
      const timer = setTimeout(() => {
        line.splice(line.indexOf(answer), 1);
        resolve(false);
      }, patienceMs);
      line.push(answer);
    });
  }

  return {
    async take(name, limit) {
      const host = hosts.get(name) ?? { taken: 0, line: [] };
      if (host.taken < limit && host.line.length === 0) {
        host.taken += 1;
        hosts.set(name, host);
        return true;
      }
      return host.line.length < LONGEST_LINE && waitAt(host);
    },
    isFull: (name, limit) => (hosts.get(name)?.taken ?? 0) >= limit,
    isWanted: (name) => (hosts.get(name)?.line.length ?? 0) > 0,
    leave(name) {
      const host = hosts.get(name);
      if (host === undefined) throw new Error(`nobody has a place at ${name}`);
      const next = host.line.shift();
      if (next !== undefined) next(true);
      else if (host.taken > 1) host.taken -= 1;
      else hosts.delete(name);
    },
    close() {
      for (const { line } of hosts.values()) for (const answer of line.splice(0)) answer(false);
    },
  };
}
