// What comes from the viewer: a function for each type of message, and for the connection's state.

import { $, setText } from './elements.js';
import { showNetwork } from './network.js';

// Returns the functions that Connection.start takes.
//
// `parts`: view, image, fullImages, prompting, markers, objects, preview, everything, pictures,
// chart, diagnostics, notices, picker.
// `told`: keeps the topic where prompts are published as `promptTopic`, empty without ROS, the camera
// that is shown as `camera`, what has to be installed for a recording as `recordingNeeds`, and what
// the diagnostics say of the segmentation as `engine`.
// `shown(frame)`, `announce(text)`: called with a frame that has more masks, and for screen readers.
export function receivers(parts, told, { shown, announce }) {
  const { view, image, fullImages, prompting, markers, objects, preview, everything } = parts;
  const { pictures, chart, diagnostics, notices, picker } = parts;

  return {
    state(name, text) {
      $('connection').dataset.state = name;
      setText($('connection-text'), text);
      $('retry').hidden = name === 'live';
      image.outdate();
      if (name === 'lost') {
        markers.clear();
        preview.reset();
        everything.end();
        image.drop();
        fullImages.clear();
      }
      if (name === 'live') announce(text);
    },

    countdown(text) {
      setText($('connection-text'), text);
      // Not each second.
      if (!$('live').textContent.startsWith(text.split(';')[0])) announce(text);
    },

    hello(message) {
      const { node, palette, stages, prompt_topic: topic, camera, recording } = message;
      told.promptTopic = topic;
      told.camera = camera;
      told.recordingNeeds = recording;
      $('copy-topic').hidden = !topic;
      setText($('recording-kind'), recording ? `needs ${recording}` : 'MCAP');
      chart.name(stages);
      picker.hello(message);
      document.title = `${node} · picosam`;
      view.appearance.palette = palette;
      view.appearance.begin(camera);
    },

    cameras({ cameras }) {
      picker.list(cameras);
      if ($('connection').dataset.state === 'lost') return;
      $('connection').dataset.state = picker.gone ? 'waiting' : 'live';
      setText($('connection-text'), picker.gone ? 'this camera is gone' : 'live');
      // As where the connection is lost: what is shown is not live.
      if (picker.gone) image.outdate();
    },

    frame(frame) {
      image.receive(frame);
    },

    full(frame) {
      fullImages.receive(frame);
    },

    gone({ number }) {
      fullImages.answer(number, null);
    },

    answer(answer) {
      const { tag, object, state, generation, reason } = answer;
      if (state === 'accepted' || state === 'clamped') {
        objects.accept(object);
        prompting.accept(answer);
        return;
      }
      objects.report(object, state, reason, generation);
      if (state === 'lost') {
        prompting.forget(object);
        view.appearance.forget(object);
      }
      if (state === 'lost' || tag !== null) {
        announce(`object ${object} ${state}: ${reason}`);
        notices.add(`object ${object} ${state}: ${reason}`);
      }
      prompting.refuse(tag, reason);
    },

    // Masks of an image that was shown already: that of a click into a frozen one.
    late({ stamp, masks }) {
      if (view.frame?.stamp !== stamp) return;
      view.addLate(masks);
      shown(view.frame);
    },

    // What the pointer would find, or everything.
    preview(answer) {
      if (!everything.answer(answer)) preview.answer(answer);
    },

    notice({ tag, text }) {
      // A step or a removal has no marker beside which it could be said.
      if (tag === null || !prompting.refuse(tag, text)) notices.say(null, text);
      announce(text);
    },

    scenes({ several }) {
      $('next-scene').hidden = !several;
    },

    // What is shown: the camera, or a picture in its place.
    picture(shown) {
      pictures.update(shown);
    },

    statistics({ stages, rate, skipped }) {
      const left = skipped ? `, ${skipped.toFixed(skipped < 9.95 ? 1 : 0)} skipped` : '';
      setText($('rate'), rate ? `${rate.toFixed(0)} per second${left}` : '');
      chart.show(stages);
    },

    // The state of each component.
    diagnostics({ components }) {
      diagnostics.show(components);
      const engine = components.find(({ name }) => name.endsWith(': segmentation'));
      told.engine = engine?.values ?? {};
      // Each look of the sensor is one of its objects' masks; it sees no other pictures.
      const inSensor = told.engine.network === 'in the sensor' && pictures.shown.name === null;
      preview.possible = !inSensor;
      showNetwork($('network'), told.engine, inSensor);
      $('preview').disabled = $('everything').disabled = !preview.possible;
      const camera = components.find(({ name }) => name.endsWith(': camera'));
      // What the user waits for, for minutes where a network is uploaded.
      if (camera?.level) setText($('empty'), camera.message);
      // Where the images are not what a camera sees now.
      for (const mark of [$('origin'), $('origin-mark')]) {
        setText(mark, camera?.values.images);
        mark.hidden = !mark.textContent;
      }
    },

    link({ round_trip_ms: roundTrip, side, quality, clients }) {
      const browsers = clients === 1 ? '1 browser' : `${clients} browsers`;
      const trip = roundTrip === null ? '' : ` · round trip ${roundTrip.toFixed(0)} ms`;
      setText($('link'), `${browsers} · up to ${side} px, JPEG quality ${quality}${trip}`);
    },
  };
}
