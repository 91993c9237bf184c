// The model in LiteRT.js, on WebAssembly: the same kernels, and so the same answers, as in Python.
import { Tensor, loadAndCompile, loadLiteRt } from "./litert/index.js";

const SIGNATURE = "serving_default";
const INPUT = "picture";

// What its C++ logs is for its developers.
globalThis.Module = { printErr: () => {} };

// A function from RGB numbers in 0…255, `shape` (1, height, width, 3), to the outputs by name.
export async function network(model, shape) {
  await loadLiteRt(new URL("./litert/litert_wasm_compat_internal.js", import.meta.url).href);
  const compiled = await loadAndCompile(model, { accelerator: "wasm" });
  return async (pixels) => {
    const input = new Tensor(Float32Array.from(pixels), shape);
    const outputs = await compiled.run(SIGNATURE, { [INPUT]: input });
    input.delete();
    const found = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      found[name] = { shape: [...tensor.type.layout.dimensions], data: tensor.toTypedArray() };
      tensor.delete();
    }
    return found;
  };
}
