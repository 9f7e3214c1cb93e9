// The points, drawn by WebGL2: two places each (before and after a move), one byte for the colour, one for the flags.

const PASSES = 1, SELECTED = 2; // bits of a flag

const VERTEX = `#version 300 es
precision highp float;
in float x0; in float y0; in float x1; in float y1; in float code; in float flag;
uniform vec2 zoom; uniform vec2 middle;
uniform float moved; uniform float size; uniform float alpha;
uniform bool coloured; uniform bool flagged; uniform bool selecting; uniform bool shaped;
uniform vec3 accent; uniform vec3 grey;
uniform sampler2D lut;
flat out vec4 paint; flat out int shape; flat out float side;
void main() {
  vec2 place = vec2(x1, y1);
  bool nowhere = isnan(x1) || isnan(y1);
  if (moved < 1.0 && !isnan(x0) && !isnan(y0)) place = mix(vec2(x0, y0), place, moved);
  vec2 at = (place - middle) * zoom;
  bool passes = true, selected = false;
  if (flagged) {
    float low = mod(flag, 4.0);
    passes = mod(low, 2.0) > 0.5;
    selected = low > 1.5;
  }
  vec4 drawn = coloured ? texture(lut, vec2((code + 0.5) / 256.0, 0.5)) : vec4(accent, 0.0);
  shape = shaped ? int(drawn.a * 255.0 + 0.5) : 0;
  side = size;
  float depth = 0.2;
  vec3 colour = drawn.rgb;
  float strength = alpha;
  if (!passes) {
    colour = grey; strength = alpha * 0.28; side = size * 0.85; depth = 0.8;
  } else if (selecting && !selected) {
    // Desaturated as well as faint: a selected point stands out in any colour map.
    float light = dot(colour, vec3(0.3, 0.59, 0.11));
    colour = mix(mix(vec3(light), colour, 0.15), grey, 0.55); strength = alpha * 0.45; depth = 0.5;
  } else if (selecting) {
    strength = max(alpha, 0.9); side = size * 1.2 + 0.6; depth = -0.2;
  }
  paint = vec4(colour, strength);
  gl_PointSize = side;
  gl_Position = nowhere ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(at, depth, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
flat in vec4 paint; flat in int shape; flat in float side;
out vec4 pixel;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  vec2 q = abs(p);
  float d;
  if (shape == 1) d = max(q.x, q.y) - 0.78;
  else if (shape == 2) d = (q.x + q.y) - 1.0;
  else if (shape == 3) d = max(q.x * 0.866 - p.y * 0.5 - 0.42, p.y - 0.72);
  else if (shape == 4) d = min(max(q.x - 0.3, q.y - 0.95), max(q.y - 0.3, q.x - 0.95));
  else if (shape == 5) {
    vec2 r = abs(vec2(p.x + p.y, p.x - p.y) * 0.7071);
    d = min(max(r.x - 0.3, r.y - 1.0), max(r.y - 0.3, r.x - 1.0));
  }
  else d = length(p) - 0.92;
  float edge = 1.6 / side;
  float a = paint.a * (side < 3.0 ? 1.0 : clamp(0.5 - d / edge, 0.0, 1.0));
  if (a < 0.02) discard;
  pixel = vec4(paint.rgb * a, a);
}`;

class Points {
  // Throws when there is no WebGL2.
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { alpha: true, antialias: false, premultipliedAlpha: true, depth: true });
    if (!this.gl) throw new Error("no WebGL2");
    this.columns = {}; // what is to be drawn, also kept for a lost context
    this.buffers = {};
    this.count = 0;
    this.lut = null;
    this.build();
  }

  build() {
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`the map's program does not link: ${gl.getProgramInfoLog(program)}`);
    }
    this.program = program;
    this.uniforms = {};
    for (const name of ["zoom", "middle", "moved", "size", "alpha", "coloured", "flagged", "selecting", "shaped",
      "accent", "grey", "lut"]) {
      this.uniforms[name] = gl.getUniformLocation(program, name);
    }
    this.buffers = {};
    this.texture = gl.createTexture();
    for (const [name, array] of Object.entries(this.columns)) this.upload(name, array);
    if (this.lut) this.uploadLut();
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
  }

  // Gives the column `name` (x0, y0, x1, y1: Float32Array; code, flag: Uint8Array; null: none) to the GPU.
  set(name, array) {
    if (this.columns[name] === array) return;
    if (!array) {
      if (this.buffers[name]) this.gl.deleteBuffer(this.buffers[name]);
      delete this.buffers[name];
      delete this.columns[name];
      return;
    }
    this.columns[name] = array;
    this.upload(name, array);
    if (name === "x1") this.count = array.length;
  }

  upload(name, array) {
    const gl = this.gl;
    this.buffers[name] ??= gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
  }

  // After a move the new places are the only ones.
  settle() {
    this.set("x0", null);
    this.set("y0", null);
  }

  // `colours`: 256 of [r, g, b] in 0..255; `shapes`: 256 numbers of a shape.
  setColours(colours, shapes) {
    this.lut = new Uint8Array(1024);
    for (let i = 0; i < 256; i++) {
      const [r, g, b] = colours[i] ?? [128, 128, 128];
      this.lut.set([r, g, b, shapes[i] ?? 0], 4 * i);
    }
    this.uploadLut();
  }

  uploadLut() {
    const gl = this.gl;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, this.lut);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  }

  // Draws the first `count` points: they come in a random order, so that some of them are a fair sample.
  draw(camera, look, count = this.count) {
    const gl = this.gl;
    if (gl.isContextLost()) return;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (!this.count) return;
    gl.useProgram(this.program);
    const u = this.uniforms;
    gl.uniform2f(u.zoom, (2 * camera.zoom) / camera.width, (2 * camera.zoom) / camera.height);
    gl.uniform2f(u.middle, camera.x, camera.y);
    gl.uniform1f(u.moved, this.buffers.x0 ? look.moved : 1);
    gl.uniform1f(u.size, look.size * look.ratio);
    gl.uniform1f(u.alpha, look.alpha);
    gl.uniform1i(u.coloured, this.buffers.code ? 1 : 0);
    gl.uniform1i(u.flagged, this.buffers.flag ? 1 : 0);
    gl.uniform1i(u.selecting, look.selecting ? 1 : 0);
    gl.uniform1i(u.shaped, look.size >= 4 ? 1 : 0);
    gl.uniform3fv(u.accent, look.accent.map((part) => part / 255));
    gl.uniform3fv(u.grey, look.grey.map((part) => part / 255));
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.uniform1i(u.lut, 0);
    for (const name of ["x0", "y0", "x1", "y1", "code", "flag"]) {
      const buffer = this.buffers[name];
      const at = gl.getAttribLocation(this.program, name);
      if (at < 0) continue;
      if (!buffer) {
        gl.disableVertexAttribArray(at);
        gl.vertexAttrib1f(at, 0);
        continue;
      }
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      const bytes = name === "code" || name === "flag";
      gl.vertexAttribPointer(at, 1, bytes ? gl.UNSIGNED_BYTE : gl.FLOAT, false, 0, 0);
    }
    gl.drawArrays(gl.POINTS, 0, Math.min(count, this.count));
  }

  // Waits until what was asked for is drawn: how long a frame really takes.
  finish() {
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  free() {
    const gl = this.gl;
    for (const buffer of Object.values(this.buffers)) gl.deleteBuffer(buffer);
    gl.deleteTexture(this.texture);
    gl.deleteProgram(this.program);
    gl.getExtension("WEBGL_lose_context")?.loseContext(); // a browser allows only some contexts a page
  }
}
