// Builds the demo in www/ into www/dist: four documents, each with one script and one style sheet, and the wasm
// of the package and of the phone's shell as files of their own, fetched at run time.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import MiniCssExtractPlugin from "mini-css-extract-plugin";

const root = fileURLToPath(new URL(".", import.meta.url));
const documents = readdirSync(join(root, "www")).filter((name) => name.endsWith(".html"));

/** Emits the documents as they are; their script and style sheet are called like them. */
class Documents {
  apply(compiler) {
    const { RawSource } = compiler.webpack.sources;
    compiler.hooks.thisCompilation.tap("Documents", (compilation) => {
      const stage = compiler.webpack.Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL;
      compilation.hooks.processAssets.tap({ name: "Documents", stage }, () => {
        for (const name of documents) {
          const path = join(root, "www", name);
          compilation.fileDependencies.add(path);
          compilation.emitAsset(name, new RawSource(readFileSync(path)));
        }
      });
    });
  }
}

export default (_env, { mode = "production" } = {}) => ({
  mode,
  target: "web",
  context: join(root, "www"),
  entry: Object.fromEntries(documents.map((name) => [name.slice(0, -5), `./js/${name.slice(0, -5)}.js`])),
  output: { path: join(root, "www/dist"), filename: "[name].js", assetModuleFilename: "[name][ext]", clean: true },
  resolve: {
    alias: {
      sipwake$: join(root, "pkg/sipwake.js"),
      "sipwake/media$": join(root, "pkg/media.js"),
      "sipwake-phone$": join(root, "www/phone/pkg/sipwake_phone.js"),
    },
  },
  module: {
    rules: [
      { test: /\.css$/, use: [MiniCssExtractPlugin.loader, "css-loader"] },
      { test: /\.(woff2|wasm)$/, type: "asset/resource" },
    ],
  },
  plugins: [new Documents(), new MiniCssExtractPlugin({ filename: "[name].css" })],
  performance: { hints: false },
  devtool: mode === "production" ? false : "source-map",
  stats: "errors-warnings",
});
