import { faults, PLATFORMS } from "./platforms";

for (const platform of PLATFORMS) {
  for (const fault of faults(platform)) {
    console.log(`${platform}: ${fault}`);
    process.exitCode = 1;
  }
}
