import { connectAsync } from 'mqtt';
import type { MqttClient } from 'mqtt';
import { decodePayload } from '../../../protocols/sparkplug/decode.ts';
import type { Payload } from '../../../protocols/sparkplug/payload.ts';

export interface Captured {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retained: boolean;
  /** Null: no Sparkplug payload, as STATE is none. */
  readonly content: Payload | null;
}

/** Hears everything on a broker that concerns Sparkplug, as an independent client does. */
export class Capture {
  readonly client: MqttClient;
  readonly heard: Captured[] = [];

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, bytes, { qos, retain }) => {
      const payload = Uint8Array.from(bytes);
      const decoded = decodePayload(payload);
      this.heard.push({
        topic,
        payload,
        qos,
        retained: retain,
        content: decoded.ok ? decoded.payload : null,
      });
    });
  }

  static async on(url: string): Promise<Capture> {
    const capture = new Capture(await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 4 }));
    await capture.client.subscribeAsync(['spBv1.0/#', 'STATE/#'], { qos: 1 });
    return capture;
  }

  of(verb: string): readonly Captured[] {
    return this.heard.filter(({ topic }) => topic.split('/')[2] === verb);
  }

  async end(): Promise<void> {
    await this.client.endAsync(true);
  }
}
