"""Answers HTTP on PORT (8080), from DELAY (3) seconds after its start to DELAY_STOP (0) seconds after SIGTERM."""

import asyncio
import os
import signal


async def serve(reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
        await writer.drain()
    except (EOFError, OSError):
        pass
    finally:
        writer.close()


async def main():
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    await asyncio.sleep(float(os.environ.get("DELAY", 3)))
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ.get("PORT", 8080)))
    print("ready", flush=True)
    await ending.wait()
    await asyncio.sleep(float(os.environ.get("DELAY_STOP", 0)))
    server.close()


asyncio.run(main())
