//! Somebody who tries to hear and say what is not theirs.

use serde_json::json;

use crate::people::Device;

/// Tries as long as things go wrong; `conversations` are those of others.
pub(crate) async fn lives(mut device: Device) {
    while !device.is_calm() {
        let mut socket = device.connects().await;
        for _ in 0..device.rng.u8(1..4) {
            let conversation = device.picks();
            let mut frame = match device.rng.u8(0..4) {
                0 => json!({ "action": "sync", "since": { conversation: 0 } }),
                1 => json!({ "action": "history", "conversation": conversation }),
                2 => json!({ "action": "read", "conversation": conversation, "seq": 1 }),
                _ => json!({ "action": "message", "content": "let me in" }),
            };
            if frame["action"] == "message" {
                let room = device.conversations[0].trim_start_matches("room:");
                frame["room"] = room.into();
            }
            socket.send(&frame);
            let patience = std::time::Duration::from_millis(device.rng.u64(1..4_000));
            while let Ok(frame) = tokio::time::timeout(patience, socket.next()).await {
                let Some(frame) = frame else { break };
                device.notes(&frame, &socket.id);
            }
        }
        socket.close();
        device.waits(10_000).await;
    }
}
