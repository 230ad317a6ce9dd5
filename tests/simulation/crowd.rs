//! Somebody who opens one connection after the other, and more of them than one may have.

use crate::gateway::Socket;
use crate::people::Device;

/// How many are kept open at most.
const KEPT: usize = 5;

/// Opens connections as long as things go wrong, then closes them all.
pub(crate) async fn lives(mut device: Device) {
    let mut sockets = Vec::new();
    while !device.is_calm() {
        device.waits(2_000).await;
        sockets.extend(device.gateway.connect(&device.user, device.number).await);
        for socket in &mut sockets {
            hears(&mut device, socket);
        }
        if sockets.len() > KEPT || (!sockets.is_empty() && device.rng.u8(0..8) == 0) {
            closes(&mut device, sockets.remove(0));
        }
    }
    for socket in sockets {
        closes(&mut device, socket);
    }
}

fn hears(device: &mut Device, socket: &mut Socket) {
    while let Some(frame) = socket.read() {
        device.notes(&frame, &socket.id);
    }
}

fn closes(device: &mut Device, mut socket: Socket) {
    hears(device, &mut socket);
    socket.close();
}
