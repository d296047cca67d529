import brand from "../brand.json";

/**
 * What makes the client a region's (docs/clients.md, To brand it). brand.json is read here only: a mini-program's build
 * puts it into the file of one of its readers, and another that is loaded earlier would find nothing.
 */
export { brand };
