// Devices: a list to choose from, a choice that holds at once in the calls that live, one that is unplugged.
import { SipError, type Device, type Endpoint } from "sipwake";

export async function chooser(endpoint: Endpoint, show: (devices: Device[]) => void, tell: (text: string) => void) {
  show(await endpoint.devices());
  endpoint.on("devices_changed", ({ devices }) => show(devices));
  endpoint.on("device_lost", ({ kind, replaced }) => tell(replaced ? `another ${kind} is in use now` : `there is no ${kind} any more`));
  return async (device: Device) => {
    try {
      await endpoint.setDevices({ [device.kind]: device.id });
    } catch (error) {
      // Not every browser lets a page choose the loudspeaker.
      if (!(error instanceof SipError && error.code === "unsupported")) throw error;
      tell(`this ${device.kind} cannot be chosen here`);
    }
  };
}
