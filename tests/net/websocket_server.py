"""A WebSocket server that Ferry did not write, for tests/net/websocket_test.cpp.

Prints its port, serves until its standard input ends. Prints "unavailable" without aiohttp.
"""
import asyncio
import logging
import sys

try:
    from aiohttp import WSMsgType, web
except ImportError:
    print("unavailable", flush=True)
    sys.exit(0)


async def echo(request):
    socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",), max_msg_size=0, compress=False)
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def sizes(request):
    """Answers each message with its size as text, which shows how messages were cut."""
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"{len(message.data)};")
    return socket


async def close(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_bytes(b"before")
    await socket.close(code=int(request.query["code"]), message=request.query["reason"].encode())
    return socket


async def pings(request):
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    await socket.ping(b"are you there?")
    message = await socket.receive()
    good = message.type == WSMsgType.PONG and message.data == b"are you there?"
    await socket.send_bytes(b"pong came" if good else b"no pong")
    return socket


async def refuse(request):
    return web.json_response({"kind": "Status", "message": "not for you"}, status=403)


async def main():
    logging.disable(logging.CRITICAL)
    app = web.Application()
    app.add_routes([web.get("/" + handler.__name__, handler)
                    for handler in (echo, sizes, close, pings, refuse)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
