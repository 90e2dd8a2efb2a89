import { connectAsync } from 'mqtt';
import type { MqttClient } from 'mqtt';
import { describe } from 'vitest';
import { MOSQUITTO, embeddedBroker, mosquittoBroker } from './test-broker.ts';
import type { TestBroker } from './test-broker.ts';

export * from './test-broker.ts';

/** Runs the same tests against the embedded broker and, where it is installed, against Mosquitto. */
export function describeWithBrokers(name: string, body: (make: () => Promise<TestBroker>) => void): void {
  describe(`${name} (embedded broker)`, () => body(() => embeddedBroker()));
  if (MOSQUITTO === undefined) {
    console.warn(`SKIPPED: ${name} against Mosquitto, which is not installed (apt-get install mosquitto)`);
    describe.skip(`${name} (mosquitto: not installed)`, () => body(() => mosquittoBroker()));
  } else {
    describe(`${name} (mosquitto)`, () => body(() => mosquittoBroker()));
  }
}

/** A client as anybody's would be, that notes all it hears. */
export class Listener {
  readonly client: MqttClient;
  readonly heard: { readonly topic: string; readonly text: string; readonly retained: boolean }[] = [];

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      this.heard.push({ topic, text: payload.toString(), retained: packet.retain });
    });
  }

  static async connect(url: string, filter: string): Promise<Listener> {
    const listener = new Listener(await connectAsync(url, { reconnectPeriod: 0 }));
    await listener.client.subscribeAsync(filter, { qos: 1 });
    return listener;
  }

  on(topic: string): Record<string, unknown>[] {
    return this.heard
      .filter((message) => message.topic === topic)
      .map((message) => JSON.parse(message.text) as Record<string, unknown>);
  }

  async end(): Promise<void> {
    await this.client.endAsync(true);
  }
}
