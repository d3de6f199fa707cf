/** What a program can import from the package: the events, for whoever reads the event log. */
export {
  type CredentialEvent,
  type DeliveryEvent,
  type EventName,
  type EventReply,
  type EventTls,
  type RelayEvent,
} from './events/delivery-event.ts';
export { deliveryEventSchema, eventJsonSchema, eventSchema } from './events/schema.ts';
