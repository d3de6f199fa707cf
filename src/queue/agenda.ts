/**
 * What is due when, at two levels: destinations, and in each of them messages.
 *
 * Finding work never walks the messages of a destination that has as many claims out as it may, or that is paused:
 * it steps over the destination. Everything here is derived from what is stored, and held in memory.
 */
import type { EpochMs } from './delivery.ts';
import { createHeap, type Heap, NOWHERE, type Placed } from './heap.ts';

/** The recipients of one message at one destination that wait to be claimed. */
interface Due {
  readonly destination: string;
  /** The number of the message. */
  readonly message: number;
}

export interface Agenda {
  /** Some recipient of the message is due at `at`, if not another one earlier. */
  expect(destination: string, message: number, at: EpochMs): void;
  /** The oldest recipient of the message is due at `at`; undefined: none waits any more. */
  set(destination: string, message: number, at: EpochMs | undefined): void;
  /** One claim more, or less, is out for the destination. */
  claimed(destination: string, by: 1 | -1): void;
  /** Nothing of the destination is due before `until`; null: until further notice; undefined: no more pause. */
  pause(destination: string, until: EpochMs | null | undefined): void;
  pausedUntil(destination: string): EpochMs | null | undefined;
  pauses(): { readonly destination: string; readonly until: EpochMs | null }[];
  /** The oldest message of the destination that has been due longest of those with fewer claims out than that. */
  oldestDue(now: EpochMs, perDestination: number): Due | undefined;
  /** When the first message of such a destination is due. */
  nextDue(perDestination: number): EpochMs | undefined;
}

interface Message extends Placed {
  readonly number: number;
  due: EpochMs;
}

interface Destination extends Placed {
  readonly name: string;
  /** When something of it may be claimed. It is in the heap of destinations only where there is such a time. */
  due: EpochMs;
  claims: number;
  pausedUntil: EpochMs | null | undefined;
  readonly messages: Map<number, Message>;
  readonly order: Heap<Message>;
}

/** @param undo takes the step that reverts a change, in case the transaction that it belongs to fails. */
export function createAgenda(undo: (step: () => void) => void): Agenda {
  const destinations = new Map<string, Destination>();
  const order = createHeap<Destination>((a, b) => a.due < b.due || (a.due === b.due && a.name < b.name));

  function change(name: string, work: (destination: Destination) => void): void {
    const destination = destinations.get(name) ?? newDestination(name);
    work(destination);
    const idle = destination.messages.size === 0 && destination.claims === 0;
    if (idle && destination.pausedUntil === undefined) destinations.delete(name);
    else destinations.set(name, destination);
    const due = dueTime(destination);
    destination.due = due ?? 0;
    if (due === undefined) order.remove(destination);
    else order.put(destination);
  }

  function set(name: string, number: number, at: EpochMs | undefined): void {
    const before = destinations.get(name)?.messages.get(number)?.due;
    if (before === at) return;
    undo(() => place(name, number, before));
    place(name, number, at);
  }

  function place(name: string, number: number, at: EpochMs | undefined): void {
    change(name, (destination) => {
      const message = destination.messages.get(number) ?? { number, due: 0, place: NOWHERE };
      if (at === undefined) {
        destination.messages.delete(number);
        destination.order.remove(message);
      } else {
        destination.messages.set(number, message);
        message.due = at;
        destination.order.put(message);
      }
    });
  }

  function count(name: string, by: number): void {
    change(name, (destination) => {
      destination.claims += by;
    });
  }

  function stop(name: string, until: EpochMs | null | undefined): void {
    change(name, (destination) => {
      destination.pausedUntil = until;
    });
  }

  return {
    expect(name, number, at) {
      const before = destinations.get(name)?.messages.get(number)?.due;
      if (before === undefined || at < before) set(name, number, at);
    },
    set,
    claimed(name, by) {
      undo(() => count(name, -by));
      count(name, by);
    },
    pause(name, until) {
      const before = destinations.get(name)?.pausedUntil;
      undo(() => stop(name, before));
      stop(name, until);
    },
    pausedUntil: (name) => destinations.get(name)?.pausedUntil,
    pauses: () =>
      [...destinations.values()].flatMap(({ name, pausedUntil: until }) =>
        until === undefined ? [] : [{ destination: name, until }],
      ),
    oldestDue(now, perDestination) {
      const destination = order.firstThat(({ claims }) => claims < perDestination);
      if (destination === undefined || destination.due > now) return undefined;
      const message = destination.order.first();
      return message && { destination: destination.name, message: message.number };
    },
    nextDue: (perDestination) => order.firstThat(({ claims }) => claims < perDestination)?.due,
  };
}

function newDestination(name: string): Destination {
  return {
    name,
    due: 0,
    claims: 0,
    pausedUntil: undefined,
    messages: new Map(),
    order: createHeap((a, b) => a.due < b.due || (a.due === b.due && a.number < b.number)),
    place: NOWHERE,
  };
}

function dueTime({ order, pausedUntil }: Destination): EpochMs | undefined {
  const oldest = order.first()?.due;
  if (oldest === undefined || pausedUntil === null) return undefined;
  return pausedUntil === undefined ? oldest : Math.max(oldest, pausedUntil);
}
