"""Sends BYTES (1 MiB; 0 for no end) to whoever connects to PORT (19), then ends; doesn't care for what it is sent."""

import asyncio
import os
import signal

_BLOCK = bytes(range(256)) * 1024


async def serve(reader, writer):
    left = int(os.environ.get("BYTES", 1 << 20)) or None
    try:
        while left is None or left > 0:
            block = _BLOCK if left is None else _BLOCK[:left]
            writer.write(block)
            await writer.drain()
            left = None if left is None else left - len(block)
        writer.write_eof()
        while await reader.read(1 << 16):
            pass
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: os._exit(0))
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ.get("PORT", 19)))
    await server.serve_forever()


asyncio.run(main())
