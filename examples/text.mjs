// Trains a model to write like a text, saves it, and lets it write: node examples/text.mjs [FILE] [SECONDS]
import { readFile } from "node:fs/promises";
import { generateText, loadTextModel, trainText } from "rondo";

const file = process.argv[2] ?? "examples/texts/shakespeare.txt";
const text = await readFile(file, "utf8");
const onEvent = (event) => {
  if (event.type === "validation") console.log(`epoch ${event.epoch}: loss ${event.validationLoss.toFixed(3)}`);
};
const { writer } = await trainText({ text, preset: "fast", time: Number(process.argv[3] ?? 30), onEvent });
await writer.save("writer.safetensors");

const again = await loadTextModel("writer.safetensors");
for (const character of generateText(again, { length: 300, temperature: 0.7 })) process.stdout.write(character);
