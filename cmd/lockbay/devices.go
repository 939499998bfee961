package main

import (
	"context"
	"time"

	"github.com/lockbay/lockbay/device"
	"github.com/lockbay/lockbay/dialog/web"
)

// pageDevices are the devices of people, for the page.
type pageDevices struct{ *device.Registry }

var _ web.Devices = pageDevices{}

// Device implements web.Devices.
func (p pageDevices) Device(ctx context.Context, proof string) (web.Device, bool, error) {
	d, ok, err := p.Registry.Device(ctx, proof)
	return p.onPage(&d), ok, err
}

// Offered implements web.Devices.
func (p pageDevices) Offered(ctx context.Context, token string) (web.Device, bool, error) {
	d, ok, err := p.Registry.Offered(ctx, token)
	return p.onPage(&d), ok, err
}

// List implements web.Devices.
func (p pageDevices) List(ctx context.Context, owner string) (list []web.Device, err error) {
	active, _, err := p.Registry.List(ctx, owner)
	for i := range active {
		list = append(list, p.onPage(&active[i]))
	}
	return list, err
}

// SignOut implements web.Devices.
func (p pageDevices) SignOut(ctx context.Context, owner, which, keep string) error {
	return p.Registry.SignOut(ctx, owner, which, keep, 0)
}

// onPage is a device as the page has it.
func (p pageDevices) onPage(d *device.Device) web.Device {
	return web.Device{ID: d.ID, Key: p.Key(d.ID), Owner: d.Owner, Name: d.Name, First: d.First, User: d.User, Since: time.UnixMilli(d.Since), Seen: d.Seen}
}
