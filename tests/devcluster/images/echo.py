"""TCP echo on PORT (7): sends back what comes, and passes a half-close on once everything has been sent back."""

import asyncio
import os
import signal


async def serve(reader, writer):
    try:
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: os._exit(0))
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ.get("PORT", 7)), limit=1 << 20)
    await server.serve_forever()


asyncio.run(main())
