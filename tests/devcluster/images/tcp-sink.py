"""Takes whatever is sent to PORT (9) and answers, once the sender has ended, with the count and the SHA-256."""

import asyncio
import hashlib
import os
import signal


async def serve(reader, writer):
    digest, count = hashlib.sha256(), 0
    try:
        while data := await reader.read(1 << 18):
            digest.update(data)
            count += len(data)
        writer.write(f"{count} {digest.hexdigest()}\n".encode())
        await writer.drain()
    except ConnectionError:
        pass
    finally:
        print(f"{count} bytes", flush=True)
        writer.close()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: os._exit(0))
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ.get("PORT", 9)), limit=1 << 20)
    await server.serve_forever()


asyncio.run(main())
