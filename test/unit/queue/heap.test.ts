import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createHeap, NOWHERE } from '../../../src/queue/heap.ts';

interface Member {
  place: number;
  readonly name: number;
  key: number;
}

const before = (a: Member, b: Member): boolean => a.key < b.key || (a.key === b.key && a.name < b.name);

describe('the heap', () => {
  it('gives its members in order, whatever came, moved and left', () => {
    const step = fc.tuple(fc.nat({ max: 19 }), fc.option(fc.nat({ max: 9 })));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const heap = createHeap(before);
        const members = Array.from({ length: 20 }, (_, name): Member => ({ place: NOWHERE, name, key: 0 }));
        for (const [index, key] of steps) {
          const member = members[index];
          assert.ok(member);
          if (key === null) {
            heap.remove(member);
          } else {
            member.key = key;
            heap.put(member);
          }
          const inside = members
            .filter(({ place }) => place !== NOWHERE)
            .toSorted((a, b) => (before(a, b) ? -1 : 1));
          assert.equal(heap.size, inside.length);
          assert.equal(heap.first(), inside[0]);
          const isEven = ({ name }: Member): boolean => name % 2 === 0;
          assert.equal(heap.firstThat(isEven), inside.find(isEven));
        }
        const order: Member[] = [];
        for (let first = heap.first(); first !== undefined; first = heap.first()) {
          order.push(first);
          heap.remove(first);
        }
        assert.deepEqual(
          order,
          order.toSorted((a, b) => (before(a, b) ? -1 : 1)),
        );
      }),
    );
  });
});
