import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const backend = process.env.DASHCAM_URL ?? "http://127.0.0.1:4748";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // Data addresses for small assets would need a wider content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": backend } },
});
