/** A binary heap whose members know their place, so that any of them can move or leave in O(log n). */

export interface Placed {
  /** Kept by the heap: its index there, or {@link NOWHERE}. */
  place: number;
}

/** The place of one that is in no heap. */
export const NOWHERE = -1;

export interface Heap<Member extends Placed> {
  readonly size: number;
  first(): Member | undefined;
  /** Puts it in, or, when what it is ordered by has changed, where it belongs now. */
  put(member: Member): void;
  /** Nothing happens to one that is not in. */
  remove(member: Member): void;
  /** The first in order that fits; looks no deeper than below those that do not fit. */
  firstThat(fits: (member: Member) => boolean): Member | undefined;
}

/** @param before whether `a` comes before `b`; of two different members one must come before the other. */
export function createHeap<Member extends Placed>(before: (a: Member, b: Member) => boolean): Heap<Member> {
  const members: Member[] = [];

  function set(place: number, member: Member): void {
    members[place] = member;
    member.place = place;
  }

  function rise(member: Member): void {
    for (;;) {
      const above = (member.place - 1) >> 1;
      const parent = members[above];
      if (parent === undefined || before(parent, member)) return;
      set(member.place, parent);
      set(above, member);
    }
  }

  function sink(member: Member): void {
    for (;;) {
      const below = 2 * member.place + 1;
      const [left, right] = [members[below], members[below + 1]];
      if (left === undefined) return;
      const child = right !== undefined && before(right, left) ? right : left;
      if (before(member, child)) return;
      const { place } = child;
      set(member.place, child);
      set(place, member);
    }
  }

  function search(
    place: number,
    fits: (member: Member) => boolean,
    best: Member | undefined,
  ): Member | undefined {
    const member = members[place];
    if (member === undefined || (best !== undefined && before(best, member))) return best;
    if (fits(member)) return member;
    return search(2 * place + 2, fits, search(2 * place + 1, fits, best));
  }

  return {
    get size() {
      return members.length;
    },
    first: () => members[0],
    put(member) {
      if (member.place === NOWHERE) set(members.length, member);
      rise(member);
      sink(member);
    },
    remove(member) {
      const { place } = member;
      if (place === NOWHERE) return;
      const last = members.pop();
      member.place = NOWHERE;
      if (last === undefined || last === member) return;
      set(place, last);
      rise(last);
      sink(last);
    },
    firstThat: (fits) => search(0, fits, undefined),
  };
}
